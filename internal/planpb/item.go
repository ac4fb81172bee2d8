package planpb

import (
	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"github.com/veiviser/veiviser/internal/veiviser"
)

// ItemFromProto translates an item from the contract into the vocabulary. Nothing is shared with it, and nothing is
// checked. An item without a status is live.
func ItemFromProto(it *veiviserv1.Item) veiviser.Item {
	out := veiviser.Item{
		ID:        it.GetItemId(),
		Kind:      KindFromProto(it.GetKind()),
		Name:      texts(it.GetName()),
		Status:    StatusFromProto(it.GetStatus()),
		Topics:    list(it.GetTopics()),
		Stages:    each(it.GetStages(), func(s string) veiviser.StandardStage { return veiviser.StandardStage(s) }),
		Journeys:  list(it.GetJourneys()),
		Audiences: list(it.GetAudiences()),
		Segments:  list(it.GetSegments()),
		Rule:      it.GetRule(),
		Start:     moment(it.GetStartTime()),
		End:       moment(it.GetEndTime()),
		Value:     it.GetValue(),
		Cost:      it.GetCost(),
		Boost:     it.GetBoost(),
		Claims:    dict(it.GetClaims()),

		Attributes:      dict(it.GetAttributes()),
		Representations: each(it.GetRepresentations(), representationFromProto),
		Duty:            veiviser.Duty(it.GetDuty()),
		Product:         it.GetProduct(),
		Care:            it.GetCare(),
		TowardRung:      it.GetTowardRung(),
		Acquires:        it.GetAcquires(),
		Answers:         each(it.GetAnswers(), answerFromProto),
		Etag:            it.GetEtag(),
		Updated:         moment(it.GetUpdateTime()),
	}
	if it != nil {
		out.Stock = pointer(it.Stock)
	}
	if m := it.GetPrice(); m != nil {
		out.Price = &veiviser.Money{Currency: m.GetCurrencyCode(), Micros: m.GetMicros()}
	}
	return out
}

// ItemToProto translates an item from the vocabulary into the contract: the reverse of [ItemFromProto].
func ItemToProto(it *veiviser.Item) *veiviserv1.Item {
	out := &veiviserv1.Item{
		ItemId:    it.ID,
		Kind:      KindToProto(it.Kind),
		Name:      dict(it.Name),
		Status:    StatusToProto(it.Status),
		Topics:    list(it.Topics),
		Stages:    each(it.Stages, func(s veiviser.StandardStage) string { return string(s) }),
		Journeys:  list(it.Journeys),
		Audiences: list(it.Audiences),
		Segments:  list(it.Segments),
		Rule:      it.Rule,
		StartTime: momentToProto(it.Start),
		EndTime:   momentToProto(it.End),
		Stock:     pointer(it.Stock),
		Value:     it.Value,
		Cost:      it.Cost,
		Boost:     it.Boost,
		Claims:    dict(it.Claims),

		Attributes: dict(it.Attributes),
		Representations: each(it.Representations, func(r veiviser.Representation) *veiviserv1.Representation {
			return RepresentationToProto(&r)
		}),
		Duty:       string(it.Duty),
		Product:    it.Product,
		Care:       it.Care,
		TowardRung: it.TowardRung,
		Acquires:   it.Acquires,
		Answers:    each(it.Answers, answerToProto),
		Etag:       it.Etag,
		UpdateTime: momentToProto(it.Updated),
	}
	if it.Price != nil {
		out.Price = &veiviserv1.Money{CurrencyCode: it.Price.Currency, Micros: it.Price.Micros}
	}
	return out
}

func answerFromProto(a *veiviserv1.AnswerOption) veiviser.AnswerOption {
	out := veiviser.AnswerOption{ID: a.GetId(), Text: texts(a.GetText()), Attributes: dict(a.GetAttributes())}
	for s, l := range a.GetLikelihood() {
		if out.Likelihood == nil {
			out.Likelihood = make(map[veiviser.StandardStage]float64, len(a.GetLikelihood()))
		}
		out.Likelihood[veiviser.StandardStage(s)] = l
	}
	return out
}

func answerToProto(a veiviser.AnswerOption) *veiviserv1.AnswerOption {
	out := &veiviserv1.AnswerOption{Id: a.ID, Text: dict(a.Text), Attributes: dict(a.Attributes)}
	for s, l := range a.Likelihood {
		if out.Likelihood == nil {
			out.Likelihood = make(map[string]float64, len(a.Likelihood))
		}
		out.Likelihood[string(s)] = l
	}
	return out
}

func representationFromProto(r *veiviserv1.Representation) veiviser.Representation {
	return veiviser.Representation{
		Format:     r.GetFormat(),
		Language:   r.GetLanguage(),
		Channels:   list(r.GetChannels()),
		Title:      r.GetTitle(),
		Body:       r.GetBody(),
		URL:        r.GetUrl(),
		ImageURL:   r.GetImageUrl(),
		Attributes: dict(r.GetAttributes()),
	}
}

// RepresentationToProto translates a representation from the vocabulary into the contract.
func RepresentationToProto(r *veiviser.Representation) *veiviserv1.Representation {
	return &veiviserv1.Representation{
		Format:     r.Format,
		Language:   r.Language,
		Channels:   list(r.Channels),
		Title:      r.Title,
		Body:       r.Body,
		Url:        r.URL,
		ImageUrl:   r.ImageURL,
		Attributes: dict(r.Attributes),
	}
}
