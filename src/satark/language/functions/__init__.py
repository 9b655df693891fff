"""The functions of the language, one per module; `satark.language.registry` lists them."""
