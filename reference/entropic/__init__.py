"""Exact algorithms of entropic curvature: fields, catalogues, transport, statistics."""
