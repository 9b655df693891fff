"""Loads and stores at raw addresses.

Compiled functions that take arrays pay for reference counts at every call; the kernel is many small functions over the
same eighteen arrays, and with arrays as arguments it ran five times slower. So the kernel passes addresses, as plain
integers, and only `Windows` (which owns the arrays) knows how long they live. Indexes are in elements.
"""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_I64 = ir.IntType(64)
_I32 = ir.IntType(32)
_I8 = ir.IntType(8)
_F64 = ir.DoubleType()


def _at(context, builder, signature, args, kind):
    index = context.cast(builder, args[1], signature.args[1], types.int64)
    return builder.gep(builder.inttoptr(args[0], kind.as_pointer()), [index], source_etype=kind)


@intrinsic
def get(typingctx, base, index):
    """Return the int64 at element `index` of the address `base`."""

    def generate(context, builder, signature, args):
        at = _at(context, builder, signature, args, _I64)
        return builder.load(at, typ=_I64)

    return types.int64(types.int64, index), generate


@intrinsic
def put64(typingctx, base, index, value):
    """Store an integer as int64."""

    def generate(context, builder, signature, args):
        at = _at(context, builder, signature, args, _I64)
        value = context.cast(builder, args[2], signature.args[2], types.int64)
        builder.store(value, at)
        return context.get_dummy_value()

    return types.void(types.int64, index, value), generate


@intrinsic
def get32(typingctx, base, index):
    """Return the int32 at element `index` of the address `base`."""

    def generate(context, builder, signature, args):
        at = _at(context, builder, signature, args, _I32)
        return builder.load(at, typ=_I32)

    return types.int32(types.int64, index), generate


@intrinsic
def set32(typingctx, base, index, value):
    """Store the low 32 bits of an integer."""

    def generate(context, builder, signature, args):
        at = _at(context, builder, signature, args, _I32)
        value = context.cast(builder, args[2], signature.args[2], types.int32)
        builder.store(value, at)
        return context.get_dummy_value()

    return types.void(types.int64, index, value), generate


@intrinsic
def getf(typingctx, base, index):
    """Return the float at element `index` of the address `base`."""

    def generate(context, builder, signature, args):
        at = _at(context, builder, signature, args, _F64)
        return builder.load(at, typ=_F64)

    return types.float64(types.int64, index), generate


@intrinsic
def putf(typingctx, base, index, value):
    """Store a float."""

    def generate(context, builder, signature, args):
        at = _at(context, builder, signature, args, _F64)
        value = context.cast(builder, args[2], signature.args[2], types.float64)
        builder.store(value, at)
        return context.get_dummy_value()

    return types.void(types.int64, index, value), generate


@intrinsic
def get8(typingctx, base, index):
    """Return the byte at `index`."""

    def generate(context, builder, signature, args):
        at = _at(context, builder, signature, args, _I8)
        return builder.load(at, typ=_I8)

    return types.uint8(types.int64, index), generate


@intrinsic
def put8(typingctx, base, index, value):
    """Store the low byte of an integer."""

    def generate(context, builder, signature, args):
        at = _at(context, builder, signature, args, _I8)
        value = context.cast(builder, args[2], signature.args[2], types.uint8)
        builder.store(value, at)
        return context.get_dummy_value()

    return types.void(types.int64, index, value), generate


@intrinsic
def prefetch(typingctx, base, index):
    """Ask for the cache line of the int64 at `index`, without waiting for it."""

    def generate(context, builder, signature, args):
        at = _at(context, builder, signature, args, _I64)
        kind = ir.FunctionType(ir.VoidType(), [at.type, _I32, _I32, _I32])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(function, [at, _I32(0), _I32(3), _I32(1)])
        return context.get_dummy_value()

    return types.void(types.int64, index), generate
