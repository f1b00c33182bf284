"""Customers. Everything personal is one encrypted value; the searchable parts are keyed blind indexes."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from riskops.shared.fields import KeyField
from riskops.shared.personal import EncryptedPersonField


class Customer(models.Model):
    """A person. `person` decrypts on access; the *_index columns are 63-bit keyed hashes (riskops/shared/personal.py)."""

    class Language(models.TextChoices):
        SIMPLIFIED_CHINESE = "zh-hans", "简体中文"
        ENGLISH = "en", "English"

    customer_no = KeyField(_("customer number"), unique=True)
    # name, phone, email, national_id, address, device_ids
    person = EncryptedPersonField()
    name_index = models.BigIntegerField(null=True, db_index=True)
    phone_index = models.BigIntegerField(null=True, db_index=True)
    phone_last4_index = models.BigIntegerField(null=True, db_index=True)
    email_index = models.BigIntegerField(null=True, db_index=True)
    national_id_index = models.BigIntegerField(null=True, db_index=True)
    national_id_last4_index = models.BigIntegerField(null=True, db_index=True)
    language = models.CharField(_("language"), max_length=7, choices=Language, default=Language.SIMPLIFIED_CHINESE)
    time_zone = models.CharField(_("time zone"), max_length=40, default="Asia/Shanghai")
    consent_sms = models.BooleanField(_("consent to SMS"), default=False)
    consent_email = models.BooleanField(_("consent to e-mail"), default=False)
    consent_push = models.BooleanField(_("consent to push"), default=False)
    attributes = models.JSONField(_("attributes"), default=dict)
    content_hash = models.BigIntegerField()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")

    def __str__(self) -> str:
        return self.customer_no


class CustomerNameToken(models.Model):
    """A blind index of one word of a customer's name, for search by part of the name; of the address and of each device, by
    which customers are linked. The kind is in what is hashed, so one kind never meets another.
    """

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+", db_index=False)
    token_index = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "token_index"], name="name_token_once_a_customer")]
        indexes = [models.Index(fields=["token_index", "customer"], name="customers_by_name_token")]

    def __str__(self) -> str:
        return f"{self.customer_id}"
