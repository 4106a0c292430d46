"""Text formats of files from outside and for outside: read strictly, written so that every reader sees the same."""
