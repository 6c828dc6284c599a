"""Published code lists: what a row may say. Made by `kasari clinical publish-codelists`."""
