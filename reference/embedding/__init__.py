"""Heat-geodesic embeddings of graphs and point clouds."""
