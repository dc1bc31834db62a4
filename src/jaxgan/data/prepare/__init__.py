"""Downloading, importing and converting data sets."""
