"""Sound files: read, written, streamed, cut into windows."""
