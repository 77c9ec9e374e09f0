"""What `graphrun doctor` looks at: libraries, packs, folders, settings. Nothing here raises."""
