"""JSON Schemas (2020-12) of everything graphrun reads and writes."""
