//! The candle network against transformers 5.23.0 and torch 2.15.0 (`reference/selfies_ted`, made by
//! `reference/generate/ted_shared.py`): states, embeddings and logits within 1e-4 relative, greedy ids identical.

use crate::support::{Reference, assert_close, assert_values_close, fixture};
use candle_core::{Device, Tensor};
use fillscape::jobs::silent;
use fillscape::model::engine::{EncoderScratch, Engine};
use fillscape::model::{
    Checkpoint, DeviceChoice, FoundationModel, GreedyParams, LatentVector, ModelError, NoDropout, ResponseParams,
    SelfiesTed, SelfiesTedNet, Unknown, similarity_response,
};

fn net(reference: &Reference) -> SelfiesTedNet {
    SelfiesTedNet::load(&reference.checkpoint, &Device::Cpu).unwrap()
}

#[test]
fn tokeniser_gives_the_ids_of_transformers() {
    let Some(reference) = fixture() else { return };
    let pad = reference.checkpoint.tokeniser.special().pad;
    for (row, text) in reference.texts.iter().enumerate() {
        for (len, expected) in [(64, &reference.ids64), (128, &reference.ids128)] {
            let mut ids = reference.checkpoint.tokeniser.encode(text, len, Unknown::Replace).unwrap();
            ids.resize(len, pad);
            assert_eq!(ids, expected[row], "text {row} at length {len}: {text}");
        }
    }
}

#[test]
fn encoder_states_match() {
    let Some(reference) = fixture() else { return };
    let net = net(&reference);
    let states = net.bart.encode(&reference.ids(64, 8), None, &NoDropout).unwrap();
    assert_close("enc64_nomask", &states, &reference.tensor("enc64_nomask"));
    let mask = reference.mask(128, 8);
    let states = net.bart.encode(&reference.ids(128, 8), Some(&mask), &NoDropout).unwrap();
    assert_close("enc128_masked", &states, &reference.tensor("enc128_masked"));
}

#[test]
fn embeddings_and_inverse_projection_match() {
    let Some(reference) = fixture() else { return };
    let net = net(&reference);
    let projectors = net.projectors.as_ref().unwrap();
    let n = reference.texts.len();
    let pooled = net.pooled(&reference.ids(128, n), &reference.mask(128, n)).unwrap();
    assert_close("pooled128", &pooled, &reference.tensor("pooled128"));
    let states = net.bart.encode(&reference.ids(64, n), None, &NoDropout).unwrap();
    let latent = projectors.latent(&states).unwrap();
    assert_close("latent", &latent, &reference.tensor("latent"));
    let back = projectors.states(&latent.narrow(0, 0, 8).unwrap()).unwrap();
    assert_close("inv_of_latent", &back, &reference.tensor("inv_of_latent"));
    let samples = projectors.states(&reference.tensor("latent_samples").narrow(0, 0, 4).unwrap()).unwrap();
    assert_close("inv_of_samples", &samples, &reference.tensor("inv_of_samples"));
}

#[test]
fn teacher_forced_logits_match() {
    let Some(reference) = fixture() else { return };
    let net = net(&reference);
    let (ids, mask) = (reference.ids(128, 6), reference.mask(128, 6));
    let states = net.bart.encode(&ids, Some(&mask), &NoDropout).unwrap();
    let start = Tensor::full(reference.checkpoint.config.decoder_start_token_id, (6, 1), &Device::Cpu).unwrap();
    let input = Tensor::cat(&[&start, &ids.narrow(1, 0, 63).unwrap()], 1).unwrap();
    let hidden = net.bart.decode(&input, &states, Some(&mask), &NoDropout).unwrap();
    assert_close("logits", &net.bart.logits(&hidden).unwrap(), &reference.tensor("teacher_forced_logits"));
}

#[test]
fn greedy_ids_are_identical() {
    let Some(reference) = fixture() else { return };
    let net = net(&reference);
    let projectors = net.projectors.as_ref().unwrap();
    let params = GreedyParams::of(&reference.checkpoint.config);
    let decode = |latents: &Tensor| net.bart.greedy(&projectors.states(latents).unwrap(), &params).unwrap();
    let samples = decode(&reference.tensor("latent_samples"));
    reference.assert_decodes("latent samples", &samples, &reference.decode_of_latent_samples);
    let texts = decode(&reference.tensor("latent").narrow(0, 0, reference.decode_of_text_latents.len()).unwrap());
    reference.assert_decodes("text latents", &texts, &reference.decode_of_text_latents);
}

#[test]
fn a_torch_archive_holds_the_tensors_of_its_safetensors_twin() {
    let Some(reference) = fixture() else { return };
    let dir = reference.checkpoint.path.clone().unwrap();
    for which in ["projector", "invprojector"] {
        let torch = fillscape::model::open_torch_zip(&dir.join(format!("{which}_2023-05-25.pth"))).unwrap();
        let safe = fillscape::model::stored::open_safetensors(&dir.join(format!("{which}.safetensors"))).unwrap();
        assert_eq!(torch.keys().collect::<Vec<_>>(), safe.keys().collect::<Vec<_>>());
        for (name, tensor) in &torch {
            assert_eq!(tensor.shape(), safe[name].shape(), "{which} {name}");
            assert_eq!(tensor.bytes().unwrap(), safe[name].bytes().unwrap(), "{which} {name}");
        }
    }
}

#[test]
fn a_saved_checkpoint_keeps_every_tensor_bit_for_bit() {
    let Some(reference) = fixture() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy");
    for _ in 0..2 {
        reference.checkpoint.save(&path, None).unwrap();
        let copy = Checkpoint::open(&path).unwrap();
        assert_eq!(copy.config, reference.checkpoint.config);
        assert_eq!(copy.projectors, reference.checkpoint.projectors);
        assert_eq!(copy.tensors.len(), reference.checkpoint.tensors.len());
        for (name, tensor) in &reference.checkpoint.tensors {
            assert_eq!(tensor.bytes().unwrap(), copy.tensors[name].bytes().unwrap(), "{name}");
        }
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left behind");
}

#[test]
fn the_engine_matches_like_the_network() {
    let Some(reference) = fixture() else { return };
    let engine = Engine::load(&reference.checkpoint).unwrap();
    let (n, d) = (reference.texts.len(), engine.d_model());
    let values = |name: &str| reference.tensor(name).flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let mut scratch = EncoderScratch::default();
    let mut states = vec![0.0; n * 64 * d];
    for (ids, states) in reference.ids64.iter().zip(states.chunks_exact_mut(64 * d)) {
        engine.encode(ids, &mut scratch, states);
    }
    assert_values_close("enc64_nomask", &states[..8 * 64 * d], &values("enc64_nomask"));
    let latents = engine.project(&states);
    assert_values_close("latent", &latents, &values("latent"));
    assert_values_close("inv_of_latent", &engine.unproject(&latents[..8 * 128]), &values("inv_of_latent"));
    let params = GreedyParams::of(&reference.checkpoint.config);
    let samples = engine.greedy(&engine.unproject(&values("latent_samples")), 64, &params);
    reference.assert_decodes("latent samples", &samples, &reference.decode_of_latent_samples);
    let texts = engine.greedy(&engine.unproject(&latents[..16 * 128]), 64, &params);
    reference.assert_decodes("text latents", &texts, &reference.decode_of_text_latents);
}

#[test]
fn the_engine_gives_the_pooled_embeddings_and_logits_of_the_reference() {
    let Some(reference) = fixture() else { return };
    let engine = Engine::load(&reference.checkpoint).unwrap();
    let d = engine.d_model();
    let values = |name: &str| reference.tensor(name).flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let start = reference.checkpoint.config.decoder_start_token_id;
    let (mut pooled, mut logits) = (Vec::new(), Vec::new());
    let mut scratch = EncoderScratch::default();
    for (row, (ids, mask)) in reference.ids128.iter().zip(&reference.mask128).enumerate() {
        // What the reference masks, the engine is not given.
        let n = mask.iter().filter(|&&seen| seen == 1).count();
        let mut states = vec![0.0; n * d];
        engine.encode(&ids[..n], &mut scratch, &mut states);
        pooled.extend((0..d).map(|k| states.iter().skip(k).step_by(d).sum::<f32>() / n as f32));
        if row < 6 {
            let inputs: Vec<u32> = std::iter::once(start).chain(ids[..63].iter().copied()).collect();
            logits.extend(engine.logits(&states, &inputs));
        }
    }
    assert_values_close("pooled128", &pooled, &values("pooled128"));
    assert_values_close("logits", &logits, &values("teacher_forced_logits"));
}

#[test]
fn the_model_decodes_to_the_reference_molecules_on_both_backends() {
    let Some(reference) = fixture() else { return };
    for model in [
        SelfiesTed::load(&reference.checkpoint, DeviceChoice::Cpu).unwrap(),
        SelfiesTed::load_in_candle(&reference.checkpoint).unwrap(),
    ] {
        let samples = reference.tensor("latent_samples").to_vec2::<f32>().unwrap();
        let latents: Vec<LatentVector> = samples.into_iter().map(LatentVector).collect();
        let decoded = model.decode(&latents, &mut silent).unwrap();
        for (found, expected) in decoded.iter().zip(&reference.decode_of_latent_samples) {
            assert_eq!(found.selfies, expected.text.replace(' ', ""));
            assert_eq!(found.smiles, expected.smiles);
        }
        let latents = model.encode_latent(&reference.texts, Unknown::Replace, &mut silent).unwrap();
        let flat: Vec<f32> = latents.iter().flat_map(|l| &l.0).copied().collect();
        let values = |name: &str| reference.tensor(name).flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert_values_close("latent", &flat, &values("latent"));
        let pooled = model.encode_pooled(&reference.texts, Unknown::Replace, &mut silent).unwrap();
        let flat: Vec<f32> = pooled.iter().flat_map(|p| &p.0).copied().collect();
        assert_values_close("pooled128", &flat, &values("pooled128"));
    }
}

#[test]
fn similarities_of_the_reference_neighbours_match() {
    let Some(reference) = fixture() else { return };
    let model = SelfiesTed::load(&reference.checkpoint, DeviceChoice::Cpu).unwrap();
    let neighbours = reference.tensor("neighbours").to_vec3::<f32>().unwrap();
    for (target, (neighbours, expected)) in neighbours.into_iter().zip(&reference.response).enumerate() {
        let around: Vec<LatentVector> = neighbours.into_iter().map(LatentVector).collect();
        let decoded = model.decode(&around, &mut silent).unwrap();
        for (found, expected) in decoded.iter().zip(&expected.neighbours) {
            // The reference leaves blanks around the dot of a salt, which its own SELFIES decoder then refuses.
            let blank_around_dot = expected.smiles.is_none() && found.selfies.contains("].[");
            assert!(blank_around_dot || found.smiles == expected.smiles, "target {target}: {:?}", found.smiles);
        }
        let own = model.text(&fillscape::model::Tokens {
            ids: reference.decode_of_latent_samples[target].ids[1..].to_vec(),
            capped: false,
        });
        let group: Vec<_> = std::iter::once(own).chain(decoded).collect();
        let found = fillscape::model::group_response(&group, fillscape::chem::MorganParams::default());
        assert!((found - expected.response).abs() < 1e-9, "target {target}: {found}, expected {}", expected.response);
    }
}

#[test]
fn rules_of_decoding_are_the_same_on_both_backends() {
    let Some(reference) = fixture() else { return };
    let mut checkpoint = reference.checkpoint.clone();
    checkpoint.config.decoding = fillscape::model::DecodingRules {
        begin_suppress_tokens: vec![0, 1, 2, 3, 4],
        suppress_tokens: vec![7],
        min_new_tokens: 20,
        no_repeat_ngram_size: 3,
        ..Default::default()
    };
    let samples = reference.tensor("latent_samples").to_vec2::<f32>().unwrap();
    let latents: Vec<LatentVector> = samples.into_iter().map(LatentVector).collect();
    let [ours, candles] =
        [SelfiesTed::load(&checkpoint, DeviceChoice::Cpu), SelfiesTed::load_in_candle(&checkpoint)].map(|m| m.unwrap());
    let plain = SelfiesTed::load(&reference.checkpoint, DeviceChoice::Cpu).unwrap();
    assert_ne!(ours.provenance().digest, plain.provenance().digest, "other rules are another model");
    let decoded = ours.decode_tokens(&latents).unwrap();
    assert_eq!(decoded, candles.decode_tokens(&latents).unwrap());
    assert_ne!(decoded, plain.decode_tokens(&latents).unwrap());
    for row in &decoded {
        assert!(row.ids[0] > 4 && row.ids.len() > 20 && !row.ids.contains(&7), "{:?}", row.ids);
    }
}

#[test]
fn a_response_does_not_depend_on_its_portions() {
    let Some(reference) = fixture() else { return };
    let model = SelfiesTed::load(&reference.checkpoint, DeviceChoice::Cpu).unwrap();
    let samples = reference.tensor("latent_samples").to_vec2::<f32>().unwrap();
    let points: Vec<LatentVector> = samples.into_iter().map(LatentVector).collect();
    let params = ResponseParams { seed: 11, ..ResponseParams::default() };
    let whole = similarity_response(&model, &points, 0, &params, &mut silent).unwrap();
    assert_eq!(whole.len(), 16);
    assert!(whole.iter().all(|s| (0.0..=1.0).contains(s)));
    let head = similarity_response(&model, &points[..5], 0, &params, &mut silent).unwrap();
    let tail = similarity_response(&model, &points[5..], 5, &params, &mut silent).unwrap();
    assert_eq!([head, tail].concat(), whole);
}

#[test]
fn bad_latents_and_unknown_tokens_are_errors() {
    let Some(reference) = fixture() else { return };
    let model = SelfiesTed::load(&reference.checkpoint, DeviceChoice::Cpu).unwrap();
    let good = LatentVector(vec![0.0; 128]);
    let error = model.decode(&[good.clone(), LatentVector(vec![0.0; 64])], &mut silent).unwrap_err();
    assert!(matches!(error, ModelError::LatentDim { row: 1, found: 64, expected: 128 }), "{error}");
    let mut bad = vec![0.0; 128];
    bad[9] = f32::NAN;
    let error = model.decode(&[LatentVector(bad)], &mut silent).unwrap_err();
    assert!(matches!(error, ModelError::NotFinite { row: 0, coordinate: 9, .. }), "{error}");
    let texts = ["[C][C]".to_owned(), "[C][Zzz][O]".to_owned()];
    let error = model.encode_latent(&texts, Unknown::Refuse, &mut silent).unwrap_err();
    let ModelError::Tokens { row: 1, source } = &error else { panic!("{error}") };
    assert!(source.to_string().contains("[Zzz]"), "{source}");
    let kept = model.decode(&vec![good; 1000], &mut |_| std::ops::ControlFlow::Break(())).unwrap();
    assert!(!kept.is_empty() && kept.len() < 1000, "cancelled, it returns what was finished: {}", kept.len());
}
