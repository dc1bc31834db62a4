"""Networks whose features images are compared in. Each names itself, its weights and its resize."""
