"""`python -m benchmarks`: the engine's benchmarks one after another, all as ratios in one run."""

from benchmarks import closed_loop, inference, networks, particle_in_cell, particle_in_cell_3d

particle_in_cell.main()
particle_in_cell_3d.main()
closed_loop.main()
networks.main()
inference.main()
