"""Turning a plan into pixels and exact visible masks."""

from collections.abc import Sequence

import cv2
import numpy as np

from drawn_world.drawing.motion import clip_to_frame, place_sprite
from drawn_world.drawing.places import background
from drawn_world.records import FADE_S, FilmPlan, ScenePlan


def scene_index(plan: FilmPlan, frame: int) -> int:
    """The scene a frame belongs to; in a fade, the one that weighs more."""
    time_s = frame / plan.fps
    return next(i for i, scene in enumerate(plan.scenes) if time_s < scene.end_s)


def _fade(plan: FilmPlan, frame: int, index: int) -> tuple[int, float] | None:
    """The other scene of a cross-dissolve and its weight, or None outside of one."""
    scene, time_s = plan.scenes[index], frame / plan.fps
    since_s, until_s = time_s - scene.start_s, scene.end_s - time_s
    if scene.transition == "fade" and since_s < FADE_S / 2:
        return index - 1, 0.5 - since_s / FADE_S
    fades_out = index + 1 < len(plan.scenes) and plan.scenes[index + 1].transition == "fade"
    if fades_out and until_s < FADE_S / 2:
        return index + 1, 0.5 - until_s / FADE_S
    return None


def _back_to_front(scene: ScenePlan):
    return sorted(scene.roles, key=lambda role: (role.feet_y_px, role.entity_id))


def _on_stage(plan: FilmPlan, scene: ScenePlan, frame: int):
    """(entity id, sprite, window of the frame, window of the sprite), back to front."""
    time_s = frame / plan.fps
    for role in _back_to_front(scene):
        early = role.enter_s > scene.start_s and time_s < role.enter_s
        late = role.exit_s < scene.end_s and time_s > role.exit_s
        if early or late:
            continue
        sprite, left, top = place_sprite(plan.entities[role.entity_id], role, frame)
        windows = clip_to_frame(sprite, left, top)
        if windows is not None:
            yield role.entity_id, sprite, *windows


def _draw_scene(plan: FilmPlan, index: int, frame: int, image: np.ndarray) -> None:
    scene = plan.scenes[index]
    image[:] = background(scene.place)
    for _, sprite, onto, source in _on_stage(plan, scene, frame):
        patch = image[onto].astype(np.uint16)
        patch *= np.uint16(256) - sprite.alpha[source]
        patch += sprite.colour[source]
        image[onto] = patch >> 8


def _draw_masks(plan: FilmPlan, frame: int, masks: np.ndarray) -> None:
    """Visible masks into bool [N, H, W] that is all False."""
    scene = plan.scenes[scene_index(plan, frame)]
    drawn: list[int] = []
    for entity_id, sprite, onto, source in _on_stage(plan, scene, frame):
        shape = sprite.mask[source]
        for other in drawn:
            masks[other][onto] &= ~shape
        masks[entity_id][onto] = shape
        drawn.append(entity_id)


def render(plan: FilmPlan, frame_indices: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Draw frames of a film.

    Returns frames uint8 [T, H, W, 3] RGB and the visible (modal) masks bool [N, T, H, W], N in
    the order of `plan.entities`. In a fade the masks are those of the scene that weighs more.
    Raises ValueError for a frame outside the film.
    """
    shape = (len(frame_indices), plan.height_px, plan.width_px)
    frames = np.empty((*shape, 3), np.uint8)
    for t, frame in enumerate(frame_indices):
        if not 0 <= frame < plan.n_frames:
            raise ValueError(f"film {plan.film_id}: frame {frame} is not in 0..{plan.n_frames - 1}")
        index = scene_index(plan, frame)
        _draw_scene(plan, index, frame, frames[t])
        fade = _fade(plan, frame, index)
        if fade is not None:
            other = np.empty_like(frames[t])
            _draw_scene(plan, fade[0], frame, other)
            frames[t] = cv2.addWeighted(frames[t], 1 - fade[1], other, fade[1], 0)
    return frames, render_masks(plan, frame_indices)


def render_masks(plan: FilmPlan, frame_indices: Sequence[int]) -> np.ndarray:
    """The visible masks alone, bool [N, T, H, W]."""
    n_frames, n_entities = len(frame_indices), len(plan.entities)
    masks = np.zeros((n_entities, n_frames, plan.height_px, plan.width_px), bool)
    for t, frame in enumerate(frame_indices):
        _draw_masks(plan, frame, masks[:, t])
    return masks


def render_amodal(plan: FilmPlan, frame_indices: Sequence[int]) -> np.ndarray:
    """The masks without occlusion, bool [N, T, H, W]."""
    n_frames, n_entities = len(frame_indices), len(plan.entities)
    masks = np.zeros((n_entities, n_frames, plan.height_px, plan.width_px), bool)
    for t, frame in enumerate(frame_indices):
        scene = plan.scenes[scene_index(plan, frame)]
        for entity_id, sprite, onto, source in _on_stage(plan, scene, frame):
            masks[entity_id, t][onto] = sprite.mask[source]
    return masks
