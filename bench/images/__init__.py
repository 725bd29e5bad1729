"""The thumbnailer beside pyvips, sharp and Pillow as one would write it: `make bench-images`."""
