"""The thumbnailer over any folder of images: `make corpus CORPUS=folder`."""
