"""Pictures and figures: arrays in, uint8 ``[h, w, c]`` out."""
