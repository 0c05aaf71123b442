"""Overall benefit: the answers of several outcomes taken together."""
