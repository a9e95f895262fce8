"""Pictures of people: whatever was uploaded is drawn anew, small and square, so that nothing else of it is kept."""

import hashlib
import io

from PIL import Image, ImageOps
from sqlalchemy import delete

from mailer.domain.errors import Refused
from mailer.models.transactions import AnySession
from mailer.models.users import Avatar, User

MOST_BYTES = 5 * 1024 * 1024
# More than a phone's camera takes; decoded it fills 100 MB for a moment.
MOST_PIXELS = 25_000_000
FORMATS = ("PNG", "JPEG", "WEBP")
SIDE = 256
MIME_TYPE = "image/webp"


class NoPicture(Refused):
    """The file is not a picture in one of FORMATS, whatever its name says, or it is damaged."""


class PictureTooLarge(Refused):
    """The picture has more than MOST_BYTES or MOST_PIXELS."""


def square_of(raw: bytes) -> bytes:
    """The middle of the picture as a WebP of SIDE x SIDE pixels, upright, without the camera's notes (EXIF).

    It takes up to a second. Raises NoPicture and PictureTooLarge.
    """
    if len(raw) > MOST_BYTES:
        raise PictureTooLarge
    try:
        with Image.open(io.BytesIO(raw), formats=FORMATS) as picture:
            # Only the head has been read so far: a small file can unfold to gigabytes.
            if picture.width * picture.height > MOST_PIXELS:
                raise PictureTooLarge
            # A JPEG is decoded no larger than needed; nothing happens to others.
            picture.draft("RGB", (2 * SIDE, 2 * SIDE))
            upright = ImageOps.exif_transpose(picture)
            square = ImageOps.fit(upright.convert("RGBA"), (SIDE, SIDE), Image.Resampling.LANCZOS)
    except (PictureTooLarge, Image.DecompressionBombError) as error:
        raise PictureTooLarge from error
    except Exception as error:
        # Pillow's decoders raise errors of many kinds at what is damaged, and any file may be sent.
        raise NoPicture from error
    drawn = Image.new("RGBA", square.size)
    drawn.paste(square)
    file = io.BytesIO()
    drawn.save(file, "WEBP", quality=85)
    return file.getvalue()


def set_avatar(session: AnySession, user: User, square: bytes) -> None:
    """Give the user this picture, made by `square_of`."""
    session.merge(Avatar(user_id=user.id, image=square))
    user.avatar_digest = hashlib.sha256(square).hexdigest()
    session.flush()


def remove_avatar(session: AnySession, user: User) -> None:
    """The initials stand in for the picture again."""
    session.execute(delete(Avatar).where(Avatar.user_id == user.id))
    user.avatar_digest = ""
    session.flush()
