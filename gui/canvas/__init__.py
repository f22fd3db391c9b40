"""The canvas: the drawing as people see and edit it. `view.CanvasView` is the door."""
