"""Convolutions whose padding is not that of ``conv``: none, or what a given output needs."""

from jaxgan.nn.conv import Conv, ConvTranspose, Geometry, same


def valid(size: tuple[int, int], kernel: int, stride: int) -> Geometry:
    """No padding: the kernel stays inside the image (TensorFlow's ``VALID``)."""
    return Geometry(size, (kernel, kernel), (stride, stride), (0, 0), (0, 0))


class ValidConv(Conv):
    """Convolution without padding, ``[b, h, w, i] -> [b, (h-k)/s+1, (w-k)/s+1, o]``."""

    def geometry(self, size: tuple[int, int]) -> Geometry:
        """How the kernel moves over an input of this height and width."""
        return valid(size, self.kernel, self.stride)


class ValidConvTranspose(ConvTranspose):
    """The adjoint of ``ValidConv``, ``[b, h, w, i] -> [b, (h-1)s+k, (w-1)s+k, o]``."""

    stride: int = 1

    def geometry(self, size: tuple[int, int]) -> Geometry:
        """That of the convolution whose output has this height and width."""
        height, width = ((n - 1) * self.stride + self.kernel for n in size)
        return valid((height, width), self.kernel, self.stride)


class ConvTransposeTo(ConvTranspose, kw_only=True):
    """``ConvTranspose`` to an output of given side, ``[b, h, w, i] -> [b, size, size, o]``.

    A stride of 2 leads from 4 pixels to 8 or to 7: both halve to 4.
    """

    size: int

    def geometry(self, size: tuple[int, int]) -> Geometry:
        """That of the convolution from ``self.size`` pixels to this height and width."""
        geometry = same((self.size, self.size), self.kernel, self.stride)
        assert geometry.output == size, f"{self.size} does not halve to {size}"
        return geometry
