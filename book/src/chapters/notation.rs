//! The picture of the whole model.

use crate::chapter::Chapter;
use crate::drawing::{Align, Colour, Drawing};
use crate::numbers::Numbers;

pub(crate) const CHAPTER: Chapter =
    Chapter { numbers, figures: &[("model", model)], widgets: &[] };

fn numbers(_: &mut Numbers) {}

fn model() -> Drawing {
    let mut picture = Drawing::new(
        560.0,
        690.0,
        "The whole model from top to bottom. Ids of shape B, T enter the embedding of lesson 2 and \
         become the residual stream of shape B, T, d_model. The stream runs straight down through \
         n_layers blocks. In a block it branches twice: through RMSNorm (lesson 4) and attention \
         (lessons 5 to 8), and through RMSNorm and SwiGLU (lesson 9); each branch is added back. \
         After the last block come the final RMSNorm, the LM head (lesson 2), which gives logits \
         of shape B, T, vocab_size, and the loss (lesson 3).",
    );
    let stream = 130.0;
    let mid = Align::Middle;
    picture.text((stream, 22.0), mid, Colour::Blue, "ids  [B, T]");
    picture.arrow((stream, 30.0), (stream, 56.0), Colour::Ink);
    picture.labelled_box((40.0, 56.0), (180.0, 40.0), Colour::Blue, "embedding · 02");
    picture.rectangle((16.0, 140.0), (528.0, 330.0), Colour::Faint, 0.05);
    picture.text((532.0, 164.0), Align::End, Colour::Ink, "block · 10, n_layers times");
    picture.arrow((stream, 96.0), (stream, 286.0), Colour::Ink);
    picture.text((142.0, 122.0), Align::Start, Colour::Ink, "residual stream  [B, T, d_model]");

    for (top, label) in [(176.0, "attention · 05 to 08"), (324.0, "SwiGLU · 09")] {
        let (branch, join) = (top + 20.0, top + 120.0);
        picture.arrow((stream, branch), (240.0, branch), Colour::Ink);
        picture.labelled_box((240.0, top), (170.0, 40.0), Colour::Orange, "RMSNorm · 04");
        picture.arrow((325.0, top + 40.0), (325.0, top + 60.0), Colour::Ink);
        picture.labelled_box((240.0, top + 60.0), (170.0, 40.0), Colour::Green, label);
        picture.polyline(&[(325.0, top + 100.0), (325.0, join)], 2.0, Colour::Ink);
        picture.arrow((325.0, join), (stream + 11.0, join), Colour::Ink);
        picture.circle((stream, join), 11.0, Colour::Ink);
        picture.line((stream - 6.0, join), (stream + 6.0, join), Colour::Ink);
        picture.line((stream, join - 6.0), (stream, join + 6.0), Colour::Ink);
    }
    picture.arrow((stream, 307.0), (stream, 433.0), Colour::Ink);
    picture.arrow((stream, 455.0), (stream, 500.0), Colour::Ink);
    picture.labelled_box((40.0, 500.0), (180.0, 40.0), Colour::Orange, "final RMSNorm · 04");
    picture.arrow((stream, 540.0), (stream, 562.0), Colour::Ink);
    picture.labelled_box((40.0, 562.0), (180.0, 40.0), Colour::Blue, "LM head · 02");
    picture.arrow((stream, 602.0), (stream, 640.0), Colour::Ink);
    picture.text((142.0, 626.0), Align::Start, Colour::Ink, "logits  [B, T, vocab_size]");
    picture.labelled_box((40.0, 640.0), (180.0, 40.0), Colour::Green, "softmax and loss · 03");
    picture.arrow((330.0, 660.0), (220.0, 660.0), Colour::Ink);
    picture.text((340.0, 665.0), Align::Start, Colour::Blue, "targets  [B, T]");
    picture
}
