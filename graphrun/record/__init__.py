"""What a run depends on besides its prompt: packages, packs, models and data, written down."""
