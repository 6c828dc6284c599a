"""What `kasari gateway` does: asking a running gateway, and acting on the machine it runs on."""
