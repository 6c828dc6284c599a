"""The de-identification engine and its checker on files, without any server."""
