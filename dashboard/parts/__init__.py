"""The parts that views are built of: layout, colours, figures, player, sliders, texts."""
