"""The application behind the page: its addresses, and what they do."""

import asyncio
from collections.abc import Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from stylezoo.app import offers
from stylezoo.app.child import Child
from stylezoo.app.guard import Guard
from stylezoo.app.receiving import json_of, received
from stylezoo.app.trainings import Training
from stylezoo.app.visits import Upload, Visit, Visits
from stylezoo.app.wanted import Wanted
from stylezoo.errors import StylezooError, UsageError

HERE = Path(__file__).parent
FILES = {  # all that is served besides the pictures of visits
    "": (HERE / "page.html", "text/html"),
    "page.css": (HERE.parent / "reports" / "page.css", "text/css"),
    **{name: (HERE / name, "text/css") for name in ("app.css",)},
    **{name: (HERE / name, "text/javascript") for name in ("app.js", "brush.js", "draw.js", "shared.js", "train.js")},
}
LESSONS = 20  # pictures of each side of a training


class Site:
    """What one server holds, and what it answers: each method that takes a request answers an address of `_routes`.

    Args:
        models: Trained models that everybody can choose as styles, as `stylize --style` takes them.
        largest: Bytes of an upload, at most.
        is_local: Whether it listens on loopback only.
        trains: Whether styles can be trained.
    """

    def __init__(
        self, models: Sequence[str] = (), largest: int = 32 * 2**20, is_local: bool = True, trains: bool = True
    ):
        self.styles, self.largest = [*offers.styles(), *({"name": name, "about": ""} for name in models)], largest
        self.models = offers.models() if trains else []
        self.visits, self.training = Visits(), None
        # Two processes: opening a photograph does not wait for a drawing.
        self.opener, self.painter = Child(self.visits.folder), Child(self.visits.folder)
        self.app = Starlette(
            routes=[*self._routes()],
            middleware=[Middleware(Guard, is_local=is_local)],
            exception_handlers={
                StylezooError: _refused,
                HTTPException: _not_found,
                ClientDisconnect: _gone,
                Exception: _failed,
            },
            lifespan=self._living,
        )

    def _routes(self):
        for name in FILES:
            yield Route(f"/{name}", self.file)
        yield Route("/offers", self.offers)
        yield Route("/visits", self.begin, methods=["POST"])
        for address, answer, *methods in (
            ("", self.look, "GET"),
            ("/leave", self.leave, "POST"),
            ("/photo", self.photo, "GET"),
            ("/photo", self.take_photo, "PUT"),
            ("/view", self.view, "GET"),
            ("/sample", self.take_sample, "POST"),
            ("/masks/{style:int}", self.mask, "GET"),
            ("/masks/{style:int}", self.take_mask, "PUT", "DELETE"),
            ("/lines", self.lines, "POST"),
            ("/results", self.draw, "POST"),
            ("/results/{number:int}", self.result, "GET"),
            ("/lessons/{role}", self.take_lesson, "PUT", "DELETE"),
            ("/training", self.train, "POST"),
            ("/training", self.stop, "DELETE"),
            ("/training/sheet", self.sheet, "GET"),
        ):
            yield Route(f"/visits/{{visit}}{address}", answer, methods=methods)

    @asynccontextmanager
    async def _living(self, app):
        tidying = asyncio.create_task(self.visits.tidy())
        warming = asyncio.create_task(_warmed(self.painter))
        yield
        tidying.cancel()
        warming.cancel()

    async def end(self) -> None:
        """End the child processes, so that no answer is awaited any more, and remove the files of all visits."""
        self.opener.close()
        self.painter.close()
        if self.training:
            await self.training.stop()
            await self.training.stop()  # if it has not ended in time
        self.visits.end()

    # What everybody sees

    async def file(self, request: Request) -> Response:
        path, kind = FILES[request.url.path.removeprefix("/")]
        return FileResponse(path, media_type=kind)

    async def offers(self, request: Request) -> Response:
        return JSONResponse({"models": self.models, "samples": offers.samples(), "largest": self.largest})

    # A visit

    async def begin(self, request: Request) -> Response:
        return JSONResponse({"visit": self.visits.begin().id}, 201)

    async def look(self, request: Request) -> Response:
        """All that the page does not know by itself; also the sign that somebody is there."""
        visit = self._visit(request)
        photo = visit.photo
        return JSONResponse(
            {
                "photo": photo and {"name": photo.name, "width": photo.width, "height": photo.height},
                "styles": [*self.styles, *({"name": run, "about": "Trained here"} for run in visit.runs)],
                "masks": {style: mask.name for style, mask in visit.masks.items()},
                "lessons": {role: [each.name for each in uploads] for role, uploads in visit.lessons.items()},
                "before": self.painter.queue.index(visit) if visit in self.painter.queue else 0,
                "progress": visit.progress,
                "training": self.training and self.training.told(visit),
                "may_stop": self._may_stop(visit),
            }
        )

    async def leave(self, request: Request) -> Response:
        self._visit(request).leave()
        return Response(status_code=204)

    def _visit(self, request) -> Visit:
        return self.visits.find(request.path_params["visit"])

    def _style_names(self, visit):
        return [*(style["name"] for style in self.styles), *visit.runs]

    # Pictures

    async def take_photo(self, request: Request) -> Response:
        visit = self._visit(request)
        return await self._have_photo(visit, await received(request, visit, self.largest))

    async def take_sample(self, request: Request) -> Response:
        visit, wanted = self._visit(request), await json_of(request)
        if wanted not in offers.samples():
            raise UsageError("There is no such sample.")
        sample = Upload(visit.new_file(".png"), f"{wanted}.png")
        await self.opener.ask(job="sample", name=wanted, picture=str(sample.path))
        return await self._have_photo(visit, sample)

    async def _have_photo(self, visit, upload):
        view = visit.new_file(".jpg")
        size = await self._opened(upload, job="photograph", view=str(view))
        upload.width, upload.height = size["width"], size["height"]
        visit.have_photo(upload, view)
        return JSONResponse({"name": upload.name, **size}, 201)

    async def _opened(self, upload, **job):
        """What the child process says of an uploaded picture, which is removed if it cannot be used."""
        try:
            return await self.opener.ask(picture=str(upload.path), **job)
        except BaseException as error:
            upload.path.unlink(missing_ok=True)
            if isinstance(error, StylezooError):
                raise StylezooError(str(error).replace(f"'{upload.path}'", f"'{upload.name}'")) from None
            raise

    async def photo(self, request: Request) -> Response:
        return _download(getattr(self._visit(request), "photo", None))

    async def view(self, request: Request) -> Response:
        view = self._visit(request).view
        return FileResponse(_there(view), media_type="image/jpeg")

    async def take_mask(self, request: Request) -> Response:
        visit, style = self._visit(request), request.path_params["style"]
        if style >= len(self._style_names(visit)) or visit.photo is None:
            raise UsageError("A mask needs a photograph and a style.")
        mask = None
        if request.method == "PUT":
            mask = await received(request, visit, self.largest, ".png")
            await self._opened(mask, job="mask")
            mask.name = offers.mask_name(self._style_names(visit), style)
        visit.have_mask(style, mask)
        return JSONResponse({"name": mask and mask.name})

    async def mask(self, request: Request) -> Response:
        return _download(self._visit(request).masks.get(request.path_params["style"]))

    # Drawing

    async def lines(self, request: Request) -> Response:
        wanted = await self._wanted(request)
        return JSONResponse({"command": wanted.command(), "python": wanted.python()})

    async def draw(self, request: Request) -> Response:
        visit, message = self._visit(request), await json_of(request)
        wanted = Wanted.of(visit, self._style_names(visit), message)
        job = wanted.job(preview=message.get("preview") is True)
        path, photo = visit.new_file(".png"), visit.photo
        visit.progress = 0.0

        def tell(part, parts):
            visit.progress = part / parts

        size = await self.painter.ask(tell, visit, result=str(path), **job)
        if visit.photo is not photo:  # another one has come meanwhile
            path.unlink(missing_ok=True)
            raise UsageError("The photograph has changed.")
        full = job["size"] == wanted.size
        return JSONResponse({"number": visit.have_result(path), "full": full, "name": wanted.result, **size}, 201)

    async def _wanted(self, request):
        visit = self._visit(request)
        return Wanted.of(visit, self._style_names(visit), await json_of(request))

    async def result(self, request: Request) -> Response:
        path = self._visit(request).results.get(request.path_params["number"])
        return FileResponse(_there(path), media_type="image/png")

    # Training

    async def take_lesson(self, request: Request) -> Response:
        visit, role = self._visit(request), request.path_params["role"]
        if role not in visit.lessons or not self.models:
            raise HTTPException(404)
        lessons = visit.lessons[role]
        if request.method == "DELETE":
            while lessons:
                lessons.pop().path.unlink(missing_ok=True)
        elif len(lessons) >= LESSONS:
            raise UsageError(f"{LESSONS} pictures are possible; 'stylezoo train' takes whole folders.")
        else:
            upload, view = await received(request, visit, self.largest), visit.new_file(".jpg")
            await self._opened(upload, job="photograph", view=str(view))
            view.unlink(missing_ok=True)
            lessons.append(upload)
        return JSONResponse([each.name for each in lessons])

    async def train(self, request: Request) -> Response:
        visit, wanted = self._visit(request), await json_of(request)
        if not self.models:
            raise UsageError("This page draws only.")
        if self.training and self.training.is_running:
            raise UsageError("Another training runs; one at a time is possible.")
        self.training = Training.of(visit, [each["name"] for each in self.models], wanted)
        self.training.start()
        return JSONResponse(self.training.told(visit), 201)

    async def stop(self, request: Request) -> Response:
        if not self._may_stop(visit := self._visit(request)):
            raise UsageError("This training is another visitor's.")
        await self.training.stop()
        return JSONResponse(self.training.told(visit))

    def _may_stop(self, visit):
        running = self.training is not None and self.training.is_running
        return running and (self.training.owner is visit or not self.visits.is_open(self.training.owner))

    async def sheet(self, request: Request) -> Response:
        visit = self._visit(request)
        mine = self.training is not None and self.training.owner is visit
        return FileResponse(_there(self.training.sheet if mine else None), media_type="image/png")


async def _warmed(child):
    """Let a child process import what drawing needs; if it cannot, the first drawing says why."""
    with suppress(StylezooError):
        await child.ask(job="warm")


def _there(path):
    """A path of a file that is there.

    Raises:
        HTTPException: It is not.
    """
    if path is None or not path.is_file():
        raise HTTPException(404)
    return path


def _download(upload):
    return FileResponse(_there(upload and upload.path), filename=upload and upload.name)


async def _refused(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 400)


async def _not_found(request: Request, error: Any) -> Response:
    return JSONResponse({"error": error.detail}, error.status_code)


async def _gone(request: Request, error: Exception) -> Response:
    return Response(status_code=400)  # nobody reads it


async def _failed(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": "This is a fault of stylezoo; the terminal of the server shows where."}, 500)
