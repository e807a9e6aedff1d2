"""A run to look at: static pages on which films play with their masklets, transcripts and pairs."""
