"""Stands for the display library that picamera2 imports, and without a screen never uses."""


class _Anything:
    def __getattr__(self, name: str) -> "_Anything":
        return _Anything()

    def __call__(self, *_: object, **__: object) -> "_Anything":
        return _Anything()


def __getattr__(name: str) -> _Anything:
    return _Anything()
