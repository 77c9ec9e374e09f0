"""Where data lies on this machine, and rows of text files with their places: for packs.

What a name of a model or a data set means is a pack's business. What the caches of the Hugging Face
libraries hold, which files of a folder are which split, and in which line of a file a row is wrong
are the same for every pack.
"""
