"""A stranger's image → its thumbnails. Knows nothing of Django, and is run in the sandbox."""
