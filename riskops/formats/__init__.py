"""How numbers look where Django's own way is not ours: a package a language."""
