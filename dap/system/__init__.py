"""The machine: files written whole, processes, threads, memory, signals, what a terminal shows."""
