"""Plasmas of electrons before fixed ions, by particles in cells."""
