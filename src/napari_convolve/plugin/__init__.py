"""The napari plugin: panels that turn layers into calls of the public functions, and results into layers.

The only folder that knows napari and Qt. Importing it imports neither; the manifest names its modules one by one.
"""
