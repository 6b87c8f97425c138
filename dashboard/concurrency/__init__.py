"""Threads, and the data passed between them.

The parts of a page (its state, sessions, questions, figures) belong to the event loop: nothing else
writes them. A job runs in a thread, reads immutable values, and its results come back through the
`Gate` of the page that asked. What several threads write has a lock of its own:

    written by                 what                               guarded by
    event loop                 pages, sessions, who is in         being one thread
    learned-models, lattices   answers, frames, live lattices     `Memory`
    full-models                runs of the full model             `Memory`
    trainings                  checkpoints, models on offer       `Trainings`, `Catalogue`
    files                      uploads, what visitors keep        the lock of `SavedItems`
    exports, http-predictions  bytes that they hand over          nothing is shared
    warm-up                    compiled code                      JAX
    learned-models, warm-up    how long answers took              one assignment: the last stays

compute/threads.py makes all of them, runs/cache.py says how much is remembered.
"""
