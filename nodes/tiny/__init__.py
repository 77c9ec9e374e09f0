"""Small pretrained checkpoints, one folder per architecture, and the script that makes them."""
