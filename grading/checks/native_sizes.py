"""The side, in pixels, that "native" means for each model of the lab's registry (which a test compares)."""

NATIVE_SIZES = {
    "mini": 256,
    "sd15": 512,
    "sdxl-turbo": 512,
    "sd3-medium": 1024,
    "flux-schnell": 1024,
    "qwen-image-edit": 1024,
}
