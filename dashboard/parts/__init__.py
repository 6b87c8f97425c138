"""The parts that views are built of: layout, ink, figures, player, sliders, words."""
