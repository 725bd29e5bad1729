"""Where strangers' images are decoded: a process for each, which can reach nothing."""
