"""Other programs that watch a run: TensorBoard, Weights & Biases, MLflow."""
