package main

import (
	"context"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func (f *fake) SetDirective(_ context.Context, in *veiviserv1.SetDirectiveRequest) (*veiviserv1.SetDirectiveResponse, error) {
	d := in.GetDirective()
	if d.GetKind() == veiviserv1.DirectiveKind_DIRECTIVE_KIND_MUTE_TOPIC && d.GetTarget() == "" {
		return nil, refuse(codes.InvalidArgument, "INVALID_FIELD", "directive.target", "MUTE_TOPIC needs a target")
	}
	if d.GetExpireTime() != nil && d.GetExpireTime().AsTime().Nanosecond() != 0 { // counted from now
		d.ExpireTime = timestamppb.New(noon.AsTime().AddDate(0, 0, 2))
	}
	d.DirectiveId, d.CreateTime = "d1", noon
	return &veiviserv1.SetDirectiveResponse{Directive: d}, nil
}

func (f *fake) ListDirectives(_ context.Context, in *veiviserv1.ListDirectivesRequest) (*veiviserv1.ListDirectivesResponse, error) {
	out := &veiviserv1.ListDirectivesResponse{}
	if in.GetVisitorId() == "ana" {
		out.Directives = []*veiviserv1.Directive{
			{DirectiveId: "d1", Kind: veiviserv1.DirectiveKind_DIRECTIVE_KIND_MUTE_CHANNEL, Target: "mail", Subject: "bike", CreateTime: noon},
			{DirectiveId: "d2", Kind: veiviserv1.DirectiveKind_DIRECTIVE_KIND_DECIDED, CreateTime: noon, ExpireTime: noon},
		}
	}
	return out, nil
}

func (f *fake) RemoveDirective(_ context.Context, in *veiviserv1.RemoveDirectiveRequest) (*veiviserv1.RemoveDirectiveResponse, error) {
	if in.GetDirectiveId() != "d1" {
		return nil, refuse(codes.NotFound, "UNKNOWN_DIRECTIVE", "directive_id", "the visitor has no such wish")
	}
	return &veiviserv1.RemoveDirectiveResponse{}, nil
}

func (f *fake) SetConsent(_ context.Context, in *veiviserv1.SetConsentRequest) (*veiviserv1.SetConsentResponse, error) {
	in.Consent.Time, in.Consent.Effective = noon, true
	return &veiviserv1.SetConsentResponse{Consent: in.GetConsent()}, nil
}

func (f *fake) ListConsents(_ context.Context, in *veiviserv1.ListConsentsRequest) (*veiviserv1.ListConsentsResponse, error) {
	out := &veiviserv1.ListConsentsResponse{}
	if in.GetVisitorId() == "ana" {
		out.Consents = []*veiviserv1.Consent{
			{Purpose: "mail", Granted: true, Version: "1", Source: "checkout", Time: noon}, {Purpose: "mail", Version: "2", Time: noon, Effective: true},
		}
	}
	return out, nil
}
