package api

import (
	"context"

	veiviserv1 "github.com/veiviser/veiviser/proto/veiviser/v1"
)

// SetDirective records a wish of a visitor.
func (s *visits) SetDirective(ctx context.Context, in *veiviserv1.SetDirectiveRequest) (*veiviserv1.SetDirectiveResponse, error) {
	d, err := s.wishes.SetDirective(ctx, in.GetVisitorId(), directiveFromProto(in.GetDirective()))
	if err != nil {
		return nil, err
	}
	return &veiviserv1.SetDirectiveResponse{Directive: directiveToProto(&d)}, nil
}

// ListDirectives lists the wishes of a visitor that hold now.
func (s *visits) ListDirectives(ctx context.Context, in *veiviserv1.ListDirectivesRequest) (*veiviserv1.ListDirectivesResponse, error) {
	list, err := s.wishes.Directives(ctx, in.GetVisitorId())
	if err != nil {
		return nil, err
	}
	return &veiviserv1.ListDirectivesResponse{Directives: eachToProto(list, directiveToProto)}, nil
}

// RemoveDirective takes a wish back.
func (s *visits) RemoveDirective(ctx context.Context, in *veiviserv1.RemoveDirectiveRequest) (*veiviserv1.RemoveDirectiveResponse, error) {
	if err := s.wishes.RemoveDirective(ctx, in.GetVisitorId(), in.GetDirectiveId()); err != nil {
		return nil, err
	}
	return &veiviserv1.RemoveDirectiveResponse{}, nil
}

// SetConsent records what a visitor said to a purpose.
func (s *visits) SetConsent(ctx context.Context, in *veiviserv1.SetConsentRequest) (*veiviserv1.SetConsentResponse, error) {
	c, effective, err := s.wishes.SetConsent(ctx, in.GetVisitorId(), consentFromProto(in.GetConsent()))
	if err != nil {
		return nil, err
	}
	out := consentToProto(&c)
	out.Effective = effective
	return &veiviserv1.SetConsentResponse{Consent: out}, nil
}

// ListConsents lists what a visitor said to purposes.
func (s *visits) ListConsents(ctx context.Context, in *veiviserv1.ListConsentsRequest) (*veiviserv1.ListConsentsResponse, error) {
	list, effective, err := s.wishes.Consents(ctx, in.GetVisitorId())
	if err != nil {
		return nil, err
	}
	out := eachToProto(list, consentToProto)
	for i, e := range effective {
		out[i].Effective = e
	}
	return &veiviserv1.ListConsentsResponse{Consents: out}, nil
}
