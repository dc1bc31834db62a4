"""Networks, one file per family: generator beside discriminator."""
