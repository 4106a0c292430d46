"""The embedded model's world: everyday requests, how the model was trained on them, how its answers are read.

Its shipped weights belong to the engine (`engine/embedded`). Importing this package loads nothing heavy. `build`
trains the weights again, `evaluate` measures them.
"""
