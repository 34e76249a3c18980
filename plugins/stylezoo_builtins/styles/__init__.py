"""Ready-made styles: files of trained models, which `plugins/make_styles.py` in the source repository makes."""
