"""The view "sweep": an observable over a whole range, uncertain parameters, the inverse problem."""
