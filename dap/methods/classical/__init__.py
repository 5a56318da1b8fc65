"""Without a network: filters, interpolation, sparsity, and `restore`, which chooses among them."""
