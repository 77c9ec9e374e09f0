"""Writers of the smallest media files that hold a workflow and a prompt, byte by byte."""

from __future__ import annotations

import json
import struct
import zlib

WORKFLOW = json.dumps({"nodes": [{"id": 1, "type": "Text"}], "links": [], "version": 0.4})
PROMPT = json.dumps({"1": {"class_type": "Text", "inputs": {"text": "é"}}}, ensure_ascii=False)
TEXTS = {"prompt": PROMPT, "workflow": WORKFLOW}


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*chunks: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(b"\0\0"))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + data + chunk(b"IEND", b"")


def png_text(texts=TEXTS) -> bytes:
    return png(*(chunk(b"tEXt", f"{k}\0{t}".encode()) for k, t in texts.items()))


def png_itxt(texts=TEXTS, packed=False) -> bytes:
    def body(key, text):
        data = zlib.compress(text.encode()) if packed else text.encode()
        return key.encode() + b"\0" + bytes([packed, 0]) + b"en\0key\0" + data

    return png(*(chunk(b"iTXt", body(k, t)) for k, t in texts.items()))


def png_ztxt(texts=TEXTS) -> bytes:
    return png(
        *(
            chunk(b"zTXt", k.encode() + b"\0\0" + zlib.compress(t.encode()))
            for k, t in texts.items()
        )
    )


def png_comf(texts=TEXTS) -> bytes:
    return png(*(chunk(b"comf", f"{k}\0{t}".encode()) for k, t in texts.items()))


def exif(texts=TEXTS, order="<") -> bytes:
    """A TIFF header and one directory of ASCII tags `key:json`."""
    tags = sorted((0x0110 - i, f"{k}:{t}\0".encode()) for i, (k, t) in enumerate(texts.items()))
    start = 8 + 2 + 12 * len(tags) + 4
    entries, data = b"", b""
    for tag, value in tags:
        entries += struct.pack(order + "HHII", tag, 2, len(value), start + len(data))
        data += value
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)
    return head + struct.pack(order + "H", len(tags)) + entries + bytes(4) + data


def exif_comment(texts=TEXTS) -> bytes:
    """One object with both documents in the user comment, in UTF-16."""
    both = json.dumps({k: json.loads(t) for k, t in texts.items()}).encode("utf-16-be")
    value = b"UNICODE\0" + both
    first = struct.pack(">HHHIII", 1, 0x8769, 4, 1, 26, 0)
    second = struct.pack(">HHHIII", 1, 0x9286, 7, len(value), 44, 0)
    return b"MM\0*" + struct.pack(">I", 8) + first + second + value


def jpeg(data: bytes | None = None) -> bytes:
    body = b"Exif\0\0" + (exif() if data is None else data)
    segment = b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    jfif = b"\xff\xe0" + struct.pack(">H", 16) + b"JFIF\0\1\1\0\0\1\0\1\0\0"
    return b"\xff\xd8" + jfif + segment + b"\xff\xda\0\2" + b"pixels" + b"\xff\xd9"


def riff(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def webp(prefix=b"") -> bytes:
    chunks = riff(b"VP8L", b"pix") + riff(b"EXIF", prefix + exif(order=">"))
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


def box(kind: bytes, body: bytes, *, wide=False) -> bytes:
    if wide:
        return struct.pack(">I", 1) + kind + struct.pack(">Q", len(body) + 16) + body
    return struct.pack(">I", len(body) + 8) + kind + body


def mp4(texts=TEXTS, *, quicktime=False, brand=b"isom") -> bytes:
    names = [k.upper() for k in texts]
    keys = b"".join(struct.pack(">I", len(k) + 8) + b"mdta" + k.encode() for k in names)
    values = b"".join(
        box(struct.pack(">I", i + 1), box(b"data", struct.pack(">II", 1, 0) + t.encode()))
        for i, t in enumerate(texts.values())
    )
    handler = box(b"hdlr", bytes(8) + b"mdta" + bytes(13))
    body = handler + box(b"keys", struct.pack(">II", 0, len(names)) + keys) + box(b"ilst", values)
    meta = box(b"meta", body if quicktime else bytes(4) + body)
    udta = box(b"udta", meta + (bytes(4) if quicktime else b""))
    media = box(b"mdat", b"frames", wide=True)
    return box(b"ftyp", brand + bytes(4)) + media + box(b"moov", box(b"mvhd", bytes(8)) + udta)


def avif(*, inside=False) -> bytes:
    """The Exif item lies in the file (method 0), or in the `idat` box (method 1)."""
    item = struct.pack(">I", 6) + b"Exif\0\0" + exif()
    entry = box(b"infe", b"\2\0\0\0" + struct.pack(">HH", 7, 0) + b"Exif\0")
    iinf = box(b"iinf", bytes(4) + struct.pack(">H", 1) + entry)

    def meta(offset: int) -> bytes:
        location = struct.pack(">HHHH", 7, int(inside), 0, 1) + struct.pack(
            ">II", offset, len(item)
        )
        iloc = box(b"iloc", b"\1\0\0\0" + struct.pack(">HH", 0x4400, 1) + location)
        handler = box(b"hdlr", bytes(8) + b"pict" + bytes(13))
        return box(b"meta", bytes(4) + handler + iinf + iloc + (box(b"idat", item) * inside))

    start = box(b"ftyp", b"avif" + bytes(4) + b"mif1")
    if inside:
        return start + meta(0)
    return start + meta(len(start) + len(meta(0)) + 8) + box(b"mdat", item)


def comments(texts=TEXTS) -> bytes:
    found = struct.pack("<I", 4) + b"test" + struct.pack("<I", len(texts))
    for key, text in texts.items():
        comment = f"{key.upper()}={text}".encode()
        found += struct.pack("<I", len(comment)) + comment
    return found


def flac() -> bytes:
    info, body = bytes(34), comments()
    blocks = b"\0" + struct.pack(">I", len(info))[1:] + info
    return b"fLaC" + blocks + b"\x84" + struct.pack(">I", len(body))[1:] + body + b"audio"


def pages(*packets: bytes, serial=1) -> list[bytes]:
    """The first packet on a page of its own, the others over as many as they take."""
    found = []
    for number, group in enumerate((packets[:1], packets[1:])):
        lacing, body = [], b""
        for packet in group:
            lacing += [255] * (len(packet) // 255) + [len(packet) % 255]
            body += packet
        for start in range(0, len(lacing), 2):
            pieces = lacing[start : start + 2]
            head = b"OggS\0" + bytes([2 * (not number)]) + bytes(8)
            head += struct.pack("<III", serial, start, 0) + bytes([len(pieces), *pieces])
            found.append(head + body[: sum(pieces)])
            body = body[sum(pieces) :]
    return found


def opus() -> bytes:
    return b"".join(pages(b"OpusHead" + bytes(11), b"OpusTags" + comments(), b"audio"))


def vorbis() -> bytes:
    one = pages(b"\x01vorbis" + bytes(23), b"\x03vorbis" + comments() + b"\1", b"audio")
    other = pages(b"\x80theora", b"\x81theora" + comments({}), b"video", serial=2)
    return b"".join([one[0], other[0], *other[1:], *one[1:]])


def ogg_flac() -> bytes:
    body = comments()
    block = b"\x84" + struct.pack(">I", len(body))[1:] + body
    return b"".join(pages(b"\x7fFLAC" + bytes(46), block, b"audio"))


def syncsafe(number: int) -> bytes:
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def mp3(texts=TEXTS, *, version=4, encoding=3) -> bytes:
    names = ("latin-1", "utf-16", "utf-16-be", "utf-8")
    frames = b""
    for key, text in texts.items():
        nul = "\0".encode(names[encoding]) if encoding != 1 else b"\0\0"
        value = key.encode(names[encoding]) + nul + text.encode(names[encoding]) + nul
        body = bytes([encoding]) + value
        if version == 2:
            frames += b"TXX" + struct.pack(">I", len(body))[1:] + body
        else:
            size = syncsafe(len(body)) if version == 4 else struct.pack(">I", len(body))
            frames += b"TXXX" + size + b"\0\0" + body
    frames += bytes(16)
    return b"ID3" + bytes([version, 0, 0]) + syncsafe(len(frames)) + frames + b"\xff\xfbaudio"


def element(name: str, body: bytes) -> bytes:
    return bytes.fromhex(name) + b"\x01" + len(body).to_bytes(7, "big") + body


def webm(texts=TEXTS, *, live=False) -> bytes:
    simple = b"".join(
        element("67c8", element("45a3", k.upper().encode()) + element("4487", t.encode()))
        for k, t in texts.items()
    )
    cluster = element("1f43b675", element("e7", b"\0"))
    if live:
        cluster = bytes.fromhex("1f43b675ff") + element("e7", b"\0")
    body = element("ec", b"void") + cluster + element("1254c367", element("7373", simple))
    segment = (
        bytes.fromhex("1853806701ffffffffffffff") + body if live else element("18538067", body)
    )
    return element("1a45dfa3", element("4282", b"webm")) + segment


def glb(*, as_text=True) -> bytes:
    extras = {k: t if as_text else json.loads(t) for k, t in TEXTS.items()}
    body = json.dumps({"asset": {"version": "2.0", "extras": extras}}).encode()
    body += b" " * (-len(body) % 4)
    chunks = (
        struct.pack("<I", len(body)) + b"JSON" + body + struct.pack("<I", 4) + b"BIN\0" + b"mesh"
    )
    return b"glTF" + struct.pack("<II", 2, 12 + len(chunks)) + chunks


def svg(*, escaped=False) -> bytes:
    both = json.dumps({k: json.loads(t) for k, t in TEXTS.items()})
    inner = both.replace('"', "&quot;") if escaped else f"<![CDATA[{both}]]>"
    text = f"<svg xmlns='x'><title/><metadata id='m'>{inner}</metadata><path d=''/></svg>\n"
    return ("<?xml version='1.0'?>\n<!-- made -->\n" + text).encode()


def safetensors(texts=TEXTS) -> bytes:
    tensor = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
    header = json.dumps({"__metadata__": texts, "latent_tensor": tensor}).encode()
    return struct.pack("<Q", len(header)) + header + bytes(8)


KINDS = {
    "png tEXt": png_text(),
    "png iTXt": png_itxt(),
    "png iTXt packed": png_itxt(packed=True),
    "png zTXt": png_ztxt(),
    "png comf": png_comf(),
    "webp": webp(),
    "webp with prefix": webp(b"Exif\0\0"),
    "jpeg": jpeg(),
    "jpeg big endian": jpeg(exif(order=">")),
    "jpeg user comment": jpeg(exif_comment()),
    "avif": avif(),
    "avif idat": avif(inside=True),
    "flac": flac(),
    "opus": opus(),
    "ogg vorbis": vorbis(),
    "ogg flac": ogg_flac(),
    "mp3": mp3(),
    "mp3 2.3 utf-16": mp3(version=3, encoding=1),
    "mp3 2.2": mp3(version=2),
    "mp4": mp4(),
    "mov": mp4(quicktime=True, brand=b"qt  "),
    "m4v": mp4(brand=b"M4V "),
    "webm": webm(),
    "webm live": webm(live=True),
    "glb": glb(),
    "glb objects": glb(as_text=False),
    "svg": svg(),
    "svg escaped": svg(escaped=True),
    "safetensors": safetensors(),
}
