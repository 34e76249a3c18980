"""Contact sheets: pictures side by side, in rows, under their titles."""

from PIL import Image, ImageDraw, ImageFont

from stylezoo.pictures import colour

__all__ = ["contact_sheet"]


def contact_sheet(rows: list[list[Image.Image]], titles: list, height: int = 256) -> Image.Image:
    """Pictures side by side, every row scaled to one height.

    Args:
        titles: One for each column, above them all; or a list of such lists, one for each row and above it.

    Examples:
        >>> from stylezoo.pictures import samples, sheets
        >>> row = [samples.photograph(), samples.painting()]
        >>> sheets.contact_sheet([row], ["source", "style"], height=64).save("sheet.png")
    """
    gap, band, font = 6, 22, ImageFont.load_default(14)
    bands = titles if titles and not isinstance(titles[0], str) else [titles]
    rows = [[_of_height(image, height) for image in row] for row in rows]
    widths = [max(image.width for image in column) for column in zip(*rows, strict=True)]
    lefts = [gap + sum(widths[:column]) + gap * column for column in range(len(widths))]
    tops = [band * min(line + 1, len(bands)) + (height + gap) * line for line in range(len(rows))]
    sheet = Image.new("RGB", (lefts[-1] + widths[-1] + gap, tops[-1] + height + gap), "white")
    draw = ImageDraw.Draw(sheet)
    for words, top in zip(bands, tops, strict=False):
        for word, left, width in zip(words, lefts, widths, strict=True):
            draw.text((left + width // 2, top - band // 2), word, "black", font, anchor="mm")
    for row, top in zip(rows, tops, strict=True):
        for image, left, width in zip(row, lefts, widths, strict=True):
            sheet.paste(image, (left + (width - image.width) // 2, top))
    return sheet


def _of_height(image, height):
    width = max(1, round(image.width * height / image.height))
    return colour.to_rgb(image).resize((width, height), Image.Resampling.LANCZOS)
