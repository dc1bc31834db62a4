"""Pictures: arrays in, uint8 pictures out."""
