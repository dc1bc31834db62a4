"""The data sets, one file a format."""
