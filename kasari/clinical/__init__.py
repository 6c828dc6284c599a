"""What `kasari clinical` does: send files to a gateway, publish code lists, guess columns."""
