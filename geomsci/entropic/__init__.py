"""Entropic curvature of density fields and catalogues of points."""
