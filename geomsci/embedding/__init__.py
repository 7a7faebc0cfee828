"""Heat-geodesic embeddings of graphs and point clouds."""

__all__: list[str] = []
